using System.Security.Cryptography;
using System.Text;
using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Server.Console;

namespace Grapnel.Server.Auth.Users;

/// <summary>
/// Sees to it that somebody can sign in to the console: the administrator that the settings name, or whoever shows the one-time code that a start
/// without any user tells on the console. The code is in memory only; another start tells another one.
/// </summary>
internal sealed class FirstUser(IServiceScopeFactory scopes, ConsoleOptions options, TimeProvider time)
{
    private const int MaxGuesses = 10;

    // Without letters and digits that people take for one another.
    private const string Alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private static readonly TimeSpan GuessesPeriod = TimeSpan.FromMinutes(1);

    private readonly EditGate _gate = new();
    private string? _code;
    private (DateTimeOffset Since, int Count) _guesses;

    /// <summary>The code, as people type it, while there is nobody who may sign in; null afterwards.</summary>
    public string? Code => _code;

    /// <summary>Makes the administrator of the settings, or the code.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        if (!options.Enabled || await accounts.AnyAsync(cancellationToken))
            return;
        if (options.AdminName is { } name && options.AdminPassword is { } password)
            await accounts.CreateFirstAsync(name, password, cancellationToken);
        else
            _code = $"{RandomNumberGenerator.GetString(Alphabet, 4)}-{RandomNumberGenerator.GetString(Alphabet, 4)}";
    }

    /// <summary>Makes the first administrator for whoever shows the code.</summary>
    /// <exception cref="InvalidInputException">The code is wrong, or name or password do not fit.</exception>
    /// <exception cref="ConflictException">There is somebody already.</exception>
    public Task<User> CreateAsync(string code, string name, string password, CancellationToken cancellationToken) => _gate.RunAsync(async () =>
    {
        if (_code is null)
            throw Taken();
        CheckCode(code);
        using var acting = Actor.As(Actor.User(name.Trim()));
        await using var scope = scopes.CreateAsyncScope();
        var user = await scope.ServiceProvider.GetRequiredService<Accounts>().CreateFirstAsync(name, password, cancellationToken);
        _code = null;
        return user ?? throw Taken();
    }, cancellationToken);

    private void CheckCode(string code)
    {
        var now = time.GetUtcNow();
        if (now - _guesses.Since > GuessesPeriod)
            _guesses = (now, 0);
        if (++_guesses.Count > MaxGuesses)
            throw new InvalidInputException("code", "was wrong too often. Wait a minute, then type it as the server told it at its start.");
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Plain(code)), Encoding.UTF8.GetBytes(Plain(_code!))))
            throw new InvalidInputException("code", "is not the one that the server told at its start. A restart tells a new one.");
    }

    private static string Plain(string code) => code.Replace("-", "").Replace(" ", "").ToUpperInvariant();

    private static ConflictException Taken() => new("already_set_up", "This server has its first administrator. Sign in instead.");
}
