module @NAME@

go 1.24

require sluice/sdk/go v0.0.0

replace sluice/sdk/go => ./sluice
