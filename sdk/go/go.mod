module sluice/sdk/go

go 1.24
