"""What a load survives. `make torture` runs these modules at full size, `test_torture.py` a small version of each."""
