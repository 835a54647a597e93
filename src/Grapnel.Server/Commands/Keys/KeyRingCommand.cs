using System.CommandLine;
using Grapnel.Server.Api;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands.Keys;

/// <summary><c>grapnel admin rotate-key-ring</c>: a new key for secrets at rest, made by a running server.</summary>
internal static class KeyRingCommand
{
    public static Command Create()
    {
        var (url, key) = (CommandOptions.Url(), CommandOptions.Key());
        var command = new Command("rotate-key-ring", """
            Have a running server make a new key for secrets at rest, and seal them all with it. Older keys stay in the ring, for the sake of backups and of
            people who are signed in.
            """)
        {
            url, key,
        };
        command.SetAction(async (args, cancel) =>
        {
            using var client = ApiClient.Create(args.GetValue(url), args.GetValue(key));
            var rotated = (await client.PostAsync(GrapnelApi.Base + "/key-ring/rotate", default, cancel)).Read<KeyRingRotatedOut>();
            System.Console.WriteLine($"There is a new key, and {rotated.Sealed} records have been sealed with it.");
        });
        return command;
    }
}
