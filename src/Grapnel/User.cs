namespace Grapnel;

/// <summary>A person who may sign in to the console. ASP.NET Core Identity fills in what only it understands, which is why some members can be set.</summary>
public sealed record User : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "usr_";

    /// <summary>The identity.</summary>
    public required Id<User> Id { get; init; }

    /// <summary>What the person signs in with, an e-mail address or any other name, as it was typed.</summary>
    public required string Name { get; set; }

    /// <summary>The name in the one spelling by which it is found; unique.</summary>
    public string NormalizedName { get; set; } = "";

    /// <summary>What the person may do.</summary>
    public UserRole Role { get; set; }

    /// <summary>The hash of the password, with its salt and method, as Identity's hasher writes it.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Changes with the password and the role; a cookie that carries another one is no longer good.</summary>
    public string SecurityStamp { get; set; } = "";

    /// <summary>Wrong passwords in a row.</summary>
    public int FailedSignIns { get; set; }

    /// <summary>Until when nobody gets in under this name, or null.</summary>
    public DateTimeOffset? LockedUntil { get; set; }

    /// <summary>When the person last signed in, or null.</summary>
    public DateTimeOffset? LastSignInAt { get; set; }

    /// <summary>When the account was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Never the hash or the stamp: records print their members, and logs print records.</summary>
    public override string ToString() => $"User({Id}, {Role})";
}

/// <summary>What a person may do in the console. Each may do what those before it may.</summary>
public enum UserRole
{
    /// <summary>Look at everything but secrets.</summary>
    Viewer = 0,

    /// <summary>Run webhooks: applications, endpoints and their secrets, event types, triggering, resending and replaying.</summary>
    Operator = 1,

    /// <summary>Everything, API keys and users included.</summary>
    Administrator = 2,
}
