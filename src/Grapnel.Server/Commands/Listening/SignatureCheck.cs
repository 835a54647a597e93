using System.Security.Cryptography;
using System.Text;

namespace Grapnel.Server.Commands.Listening;

/// <summary>Checks the signature of a request as a Standard Webhooks receiver does.</summary>
internal static class SignatureCheck
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    public static SignatureState Check(byte[]? key, IHeaderDictionary headers, byte[]? body, TimeProvider time)
    {
        if (key is null)
            return SignatureState.NotChecked;
        var fits = body is not null && IsRecent(headers["webhook-timestamp"], time)
            && headers["webhook-signature"].ToString().Split(' ').Any(s => Equal(s, Sign(key, headers, body)));
        return fits ? SignatureState.Verified : SignatureState.NotVerified;
    }

    private static string Sign(byte[] key, IHeaderDictionary headers, byte[] body)
    {
        var signed = Encoding.UTF8.GetBytes($"{headers["webhook-id"]}.{headers["webhook-timestamp"]}.");
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. signed, .. body]));
    }

    private static bool IsRecent(string? timestamp, TimeProvider time) =>
        long.TryParse(timestamp, out var seconds) && Math.Abs(time.GetUtcNow().ToUnixTimeSeconds() - (double)seconds) <= Tolerance.TotalSeconds;

    private static bool Equal(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}
