"""The frozen values that travel the road, one per arrow."""
