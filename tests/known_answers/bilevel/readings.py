"""How printed values are to be read: which carry few digits, and which the data beat.

A value is beaten when a point feasible to the leader, with the follower's answer confirmed
by a convex solver of its own, is better than what is printed: a misprint in the source, in
the library or in the data as they came down. Such problems count as solved only with that
point, and the score table lists them apart.
"""

HALF_DIGIT = {
    "bard_1998_example_851": 5e-3,
    "dempe_franke_2011_example_42": 5e-3,
    "outrata_1990_example_1a": 5e-3,
    "outrata_1990_example_1c": 5e-3,
    "outrata_1990_example_2a": 5e-3,
    "outrata_1990_example_2b": 5e-3,
    "outrata_1990_example_2c": 5e-3,
    "outrata_1990_example_2e": 5e-3,
    "outrata_1993_example_31": 5e-3,
}

BEATEN = {
    "dempe_dutta_2012_example_31",
    "dempe_lohse_2011_example_31a",
    "didi_biha_toll_3",
    "hu_huang_zhang_2009",
    "muu_quy_2003_example_2",
    "outrata_1990_example_1b",
    "outrata_1990_example_1e",
    "outrata_1990_example_2d",
    "sinha_malo_deb_2014_tp6",
    "wan_wang_lv_2011",
}
