//! A software hardware-vendor for machines without a TEE. All its evidence is SIMULATED.
