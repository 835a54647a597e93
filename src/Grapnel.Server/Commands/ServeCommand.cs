using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Server.Auth.Users;
using Grapnel.Server.Console;
using Grapnel.Server.Hosting;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel serve</c>: runs the server.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var urls = new Option<string?>("--urls") { Description = "Addresses to listen on, separated by semicolons. Default: http://127.0.0.1:8000.", HelpName = "urls" };
        var data = new Option<string?>("--data") { Description = "Folder for everything that is kept. Default: grapnel-data.", HelpName = "folder" };
        var role = new Option<string?>("--role")
        {
            Description = "What this process does, where several share a PostgreSQL database: api, console, dispatch, or a list of them. Default: everything.",
            HelpName = "roles",
        };
        var allow = new Option<string[]>("--allow-net")
        {
            Description = "A private or reserved network that webhooks may go to, for example 10.20.0.0/16. Repeatable. Default: none.", HelpName = "cidr",
        };
        var settings = new Argument<string[]>("settings") { Description = "Any other setting, as Name=value, for example Delivery:Timeout=10s.", Arity = ArgumentArity.ZeroOrMore };
        settings.Validators.Add(RequireNames);

        var command = new Command("serve", "Run the server. Settings come from appsettings.json, then from variables named GRAPNEL_..., then from here.")
        {
            urls, data, role, allow, settings,
        };
        command.SetAction((args, cancel) => RunAsync(args.GetValue(settings) ?? [], Given(args.GetValue(urls), args.GetValue(data), args.GetValue(role), args.GetValue(allow) ?? []), cancel));
        return command;
    }

    private static async Task RunAsync(string[] arguments, Dictionary<string, string?> settings, CancellationToken cancel)
    {
        BatchScheduling.Ask();
        var terminal = Terminal.Standard();
        string? firstKey = null;
        await using var server = await StartedServer.CreateAsync(
            new HostSetup { Arguments = arguments, Settings = settings, Announce = text => firstKey = text }, "--urls", cancel);
        WriteBanner(terminal, server, firstKey);
        await server.WaitAsync(cancel);
    }

    private static void WriteBanner(Terminal terminal, StartedServer server, string? firstKey)
    {
        var options = server.Services.GetRequiredService<SqliteStoreOptions>();
        var version = typeof(ServeCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        var keyFile = Path.GetFullPath(Path.Combine(options.Data, FirstApiKey.FileName));
        terminal.WriteLines(
            $"{terminal.Bold("Grapnel")} {version}. Ctrl+C ends it.",
            "",
            $"  {terminal.Dim("Address")}    {terminal.Bold(string.Join("  ", server.Urls))}",
            $"  {terminal.Dim("Data")}       {server.Services.GetRequiredService<ServerFacts>().Place}",
            $"  {terminal.Dim("First key")}  {(File.Exists(keyFile) ? keyFile : "removed")}",
            "");
        if (firstKey is not null)
            terminal.WriteLines(firstKey, "");
        if (server.Services.GetRequiredService<FirstUser>().Code is { } code)
            terminal.WriteLines(
                $"Nobody can sign in to the console yet. Make your account with the one-time code {terminal.Bold(code)}:",
                $"  {terminal.Bold($"{AddressOf(server)}{ConsolePaths.Setup}?code={code}")}",
                "");
    }

    // What listens on all addresses has none that a browser could open.
    private static string AddressOf(StartedServer server) => server.Services.GetRequiredService<ApiOptions>().PublicUrl?.TrimEnd('/')
        ?? server.Urls.First().Replace("//[::]", "//127.0.0.1", StringComparison.Ordinal).Replace("//0.0.0.0", "//127.0.0.1", StringComparison.Ordinal);

    private static void RequireNames(ArgumentResult result)
    {
        foreach (var token in result.Tokens)
            if (!token.Value.Contains('='))
                result.AddError($"'{token.Value}' is not a setting; write Name=value.");
    }

    // What was not given is left to the other sources.
    private static Dictionary<string, string?> Given(string? urls, string? data, string? role, string[] allow)
    {
        var settings = new Dictionary<string, string?>();
        if (urls is not null)
            settings["Urls"] = urls;
        if (data is not null)
            settings["Store:Data"] = data;
        if (role is not null)
            settings["Node:Roles"] = role;
        foreach (var (i, network) in allow.Index())
            settings[$"Network:AllowNet:{i}"] = network;
        return settings;
    }
}
