using System.CommandLine;
using System.CommandLine.Parsing;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Stores;

namespace Grapnel.Server.Commands.Keys;

/// <summary>The options of a command that say whose keys are meant: those of a running server, or those in a data folder.</summary>
internal sealed class KeyRingOptions
{
    // Unlike in other commands, the environment does not choose the server: without --url the folder is meant.
    private readonly Option<Uri?> _url = new("--url")
    {
        Description = $"The address of a running server, to work on through its API, for example {ApiClient.DefaultUrl}. Without it, the data folder is opened.",
        HelpName = "url", CustomParser = CommandOptions.ParseUrl,
    };
    private readonly Option<string?> _key = CommandOptions.Key();
    private readonly Option<string?> _data = StoreOption.Folder();
    private readonly Option<StorePlace?> _store = StoreOption.Create("--store", "The store, where that is not the data folder of a stopped server");

    public void AddTo(Command command)
    {
        command.Add(_url);
        command.Add(_key);
        command.Add(_data);
        command.Add(_store);
        command.Validators.Add(Check);
    }

    /// <summary>Opens what the command line names.</summary>
    public async Task<IKeyRing> OpenAsync(ParseResult args, CancellationToken cancel) => args.GetValue(_url) is { } url
        ? new ServerKeyRing(ApiClient.Create(url, args.GetValue(_key)))
        : await FolderKeyRing.OpenAsync(StoreOption.Choose(args, _data, _store), cancel);

    private void Check(CommandResult command)
    {
        var onServer = IsGiven(command, _url);
        if (onServer && (IsGiven(command, _data) || IsGiven(command, _store)))
            command.AddError("--url means a running server and --data the folder of a stopped one; give one of them.");
        if (IsGiven(command, _data) && IsGiven(command, _store))
            command.AddError("--data and --store both say where the keys are; give one of them.");
        if (!onServer && IsGiven(command, _key))
            command.AddError("--key is shown to a running server; name that with --url.");
    }

    private static bool IsGiven(CommandResult command, Option option) => command.GetResult(option) is { Implicit: false };
}
