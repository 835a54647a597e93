namespace Grapnel.Auditing;

/// <summary>On whose behalf what runs now is done. It goes with the work into everything that is awaited or begun there.</summary>
internal static class Actor
{
    /// <summary>The engine itself: who acts where nobody was named.</summary>
    public const string Engine = "grapnel";

    /// <summary>Whoever works on the data folder of a stopped server.</summary>
    public const string CommandLine = "command line";

    /// <summary>Whoever tries to sign in, and has not.</summary>
    public const string Stranger = "not signed in";

    private static readonly AsyncLocal<string?> Ambient = new();

    /// <summary>Who acts, in the words of <see cref="AuditEntry.Actor"/>.</summary>
    public static string Current => Ambient.Value ?? Engine;

    /// <summary>An API key, by id and name.</summary>
    public static string Key(string id, string? name) => $"key:{id} {name}";

    /// <summary>A token, by id.</summary>
    public static string Token(string id) => $"token:{id}";

    /// <summary>A person, by the name that he signs in with.</summary>
    public static string User(string name) => $"user:{name}";

    /// <summary>Names who acts until the answer is disposed. In an async method it ends with the method at the latest.</summary>
    public static IDisposable As(string actor)
    {
        var before = Ambient.Value;
        Ambient.Value = actor;
        return new Turn(before);
    }

    private sealed class Turn(string? before) : IDisposable
    {
        public void Dispose() => Ambient.Value = before;
    }
}
