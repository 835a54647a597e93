using System.Security.Cryptography;
using Grapnel.Server.Auth.Users;

namespace Grapnel.Server.Commands.Demo;

/// <summary>An account to look at the demo's console with. A folder that has accounts already keeps them as they are.</summary>
internal static class DemoAccount
{
    private const string Name = "demo";

    // Without letters and digits that people take for one another; they are to be typed once.
    private const string Alphabet = "23456789abcdefghjkmnpqrstvwxyz";

    /// <summary>Makes the account where there is none; tells how to sign in.</summary>
    public static async Task<string> EnsureAsync(IServiceProvider services, CancellationToken cancel)
    {
        var first = services.GetRequiredService<FirstUser>();
        if (first.Code is not { } code)
            return "sign in with an account of this folder, such as the one that its first run told";
        var password = $"{Name}-{RandomNumberGenerator.GetString(Alphabet, 4)}-{RandomNumberGenerator.GetString(Alphabet, 4)}";
        await first.CreateAsync(code, Name, password, cancel);
        return $"sign in as {Name}, password {password}";
    }
}
