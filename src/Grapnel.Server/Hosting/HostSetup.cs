using System.Collections;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Hosting;

/// <summary>What a server is made of; <c>serve</c>, <c>demo</c> and tests differ in nothing but this.</summary>
internal sealed record HostSetup
{
    /// <summary>Settings from the command line, as <c>Name=value</c> or <c>--Name value</c>.</summary>
    public string[] Arguments { get; init; } = [];

    /// <summary>Settings that win over all others.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <summary>Variables to take settings from; by default those of the process.</summary>
    public IDictionary Environment { get; init; } = System.Environment.GetEnvironmentVariables();

    /// <summary>The file to take settings from, if it is there.</summary>
    public string SettingsFile { get; init; } = Path.GetFullPath("appsettings.json");

    /// <summary>Tells the operator the first API key; by default on the console.</summary>
    public Announce Announce { get; init; } = System.Console.WriteLine;

    /// <summary>Adds to or replaces what is registered.</summary>
    public Action<IServiceCollection>? Services { get; init; }
}
