"""The rules of Palabre: pure, standard library only, no clock, no chance, no I/O."""
