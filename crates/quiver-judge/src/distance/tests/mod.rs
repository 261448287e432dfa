//! Laws and traps of the distances, on counts made from fixed seeds.
