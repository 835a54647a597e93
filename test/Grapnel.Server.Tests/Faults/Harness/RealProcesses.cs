namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Tests that start the real program take turns, and run beside no others: they are about time and load.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RealProcesses : ICollectionFixture<SharedRig>
{
    public const string Name = "Real processes";
}

/// <summary>Tests that start the real program and then mostly wait take turns, beside others: what they promise does not depend on how busy the machine is.</summary>
[CollectionDefinition(Name)]
public sealed class WaitingProcesses
{
    public const string Name = "Waiting processes";
}
