using System.Collections;
using Grapnel.Registry;
using Grapnel.Server.Auth;
using Grapnel.Server.Hosting;

namespace Grapnel.Server.Commands.Demo;

/// <summary>A server for the demo: loopback is allowed, it logs warnings only, and no settings of this machine reach it.</summary>
internal static class DemoServer
{
    public static Task<StartedServer> StartAsync(string folder, int port, CancellationToken cancel) => StartedServer.CreateAsync(new HostSetup
    {
        Settings = new Dictionary<string, string?>
        {
            ["Store:Data"] = folder, ["Urls"] = $"http://127.0.0.1:{port}", ["Network:AllowNet"] = "127.0.0.0/8", ["Delivery:ShutdownGrace"] = "1s",
            ["Inbox:Enabled"] = "true",
        },
        Environment = new Hashtable(),
        SettingsFile = Path.Combine(Path.GetFullPath(folder), "appsettings.json"),
        Announce = _ => { },
        Services = services => services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning)),
    }, "--port", cancel);

    /// <summary>The first key; a new one when its file has been removed.</summary>
    public static async Task<string> KeyAsync(StartedServer server, string folder, CancellationToken cancel)
    {
        var file = Path.Combine(folder, FirstApiKey.FileName);
        if (File.Exists(file))
            return (await File.ReadAllTextAsync(file, cancel)).Trim();
        return (await server.Services.GetRequiredService<ApiKeyRegistry>().CreateAsync("Demo")).Text;
    }
}
