"""From a game and a concept to a program: one reduction a file, and what certificates need.

A formulation says why it does not apply (`refuses`), writes the program (`compile`) and
reads strategies back (`recover`). The catalogue finds them by their being here.
"""
