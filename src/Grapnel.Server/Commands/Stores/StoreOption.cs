using System.CommandLine;

namespace Grapnel.Server.Commands.Stores;

/// <summary>The option that names a store.</summary>
internal static class StoreOption
{
    /// <summary>An option for what <see cref="Choose(ParseResult, Option{StorePlace?})"/> chooses. It has no default of its own: one with faults would end the reading of every command line, that for help among them.</summary>
    public static Option<StorePlace?> Create(string name, string description) => new(name)
    {
        Description = $"{description}: {StorePlace.Forms}. Default: what the variables GRAPNEL_STORE and the like say.",
        HelpName = "store", CustomParser = Parse,
    };

    /// <summary>The option that names the data folder of a stopped server.</summary>
    public static Option<string?> Folder() => new("--data") { Description = "The data folder of a stopped server. Default: grapnel-data.", HelpName = "folder" };

    /// <summary>The store that the option names, or the environment.</summary>
    /// <exception cref="CommandException">The environment has faults.</exception>
    public static StorePlace Choose(ParseResult args, Option<StorePlace?> store) => args.GetValue(store) ?? StorePlace.OfEnvironment();

    /// <summary>The store that one of the two options names, or the environment.</summary>
    /// <exception cref="CommandException">The environment has faults.</exception>
    public static StorePlace Choose(ParseResult args, Option<string?> folder, Option<StorePlace?> store) =>
        args.GetValue(folder) is { } given ? StorePlace.Folder(given) : Choose(args, store);

    /// <summary>Reads the value of such an option.</summary>
    public static StorePlace? Parse(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (StorePlace.Parse(result.Tokens.Single().Value) is { } place)
            return place;
        // Not what was written: it may have a password in it.
        result.AddError($"A store is named {StorePlace.Forms}, for example sqlite:./grapnel-data or postgres:Host=db;Database=grapnel;Username=grapnel.");
        return null;
    }
}
