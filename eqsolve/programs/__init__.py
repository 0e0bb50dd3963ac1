"""Programs as modelling languages hold them, and the bridges between CasADi and Pyomo."""
