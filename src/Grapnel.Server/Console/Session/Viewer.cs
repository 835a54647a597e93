using System.Security.Claims;
using Grapnel.Registry;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Console;

/// <summary>
/// Who is in front of a page, what they may do, and which application they look at. One per connection; set once, before anything is shown, and
/// from what the server itself knows.
/// </summary>
internal sealed class Viewer(ApplicationRegistry applications)
{
    private const int SwitchedAt = 2;
    private Rights _rights;

    /// <summary>Raised when another application was chosen.</summary>
    public event Action? ApplicationChanged;

    /// <summary>Raised when the key of a portal no longer holds.</summary>
    public event Action? Ended;

    /// <summary>The person's name; of a portal, the application's.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The person's account; null in a portal.</summary>
    public Id<User>? UserId { get; private set; }

    /// <summary>The token a portal was opened with, or null in the console.</summary>
    public Token? Portal { get; private set; }

    /// <summary>Whether this is a portal: one application's own people, who see nothing beyond it.</summary>
    public bool IsPortal => Portal is not null;

    /// <summary>Whether the key of a portal no longer holds: then nobody may do or see anything here any more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The feature flags that decide which event types the person may know of; null for all of them.</summary>
    public IReadOnlyList<string>? FeatureFlags => Portal?.FeatureFlags;

    /// <summary>The application that is looked at.</summary>
    public Application Application { get; private set; } = null!;

    /// <summary>Whether the person meets the notion of applications at all: there is more than the one from the start, or somebody asked for them.</summary>
    public bool HasApplications { get; private set; }

    /// <summary>What links begin with: nothing, or the path of the portal.</summary>
    public string Root => IsPortal ? ConsolePaths.Portal : "";

    /// <summary>Who it is in the audit log.</summary>
    public string Actor => IsPortal ? Auditing.Actor.Token(Portal!.Id) : Auditing.Actor.User(Name);

    /// <summary>Whether the person may run webhooks: applications, event types, endpoints, messages.</summary>
    public bool IsOperator => !IsPortal && May(Rights.Publish);

    /// <summary>Whether the person may do everything.</summary>
    public bool IsAdministrator => !IsPortal && May(Rights.Manage);

    /// <summary>Whether the person may do something.</summary>
    public bool May(Rights right) => (_rights & right) == right;

    /// <summary>Sets who it is, from the cookie of the console.</summary>
    /// <exception cref="InvalidOperationException">It is a portal already.</exception>
    public async Task SetAsync(ClaimsPrincipal person, string? application, CancellationToken cancellationToken)
    {
        if (IsPortal)
            throw new InvalidOperationException("A portal never becomes the console.");
        Name = person.Identity?.Name ?? "";
        UserId = Id<User>.TryParse(person.FindFirstValue(ClaimTypes.NameIdentifier), out var id) ? id : null;
        _rights = RightsOf(person);
        Application = (application is null ? null : await applications.FindAsync(application, cancellationToken))
            ?? await applications.GetAsync(Application.DefaultUid, cancellationToken);
        await LookForApplicationsAsync(cancellationToken);
    }

    /// <summary>Sets who it is, from the token of a portal.</summary>
    /// <exception cref="InvalidOperationException">It is somebody else already.</exception>
    public void Set(Token token, Application own)
    {
        if (Application is not null && (Portal is null || Application.Id != own.Id))
            throw new InvalidOperationException("The console never becomes a portal, nor a portal that of another application.");
        (Portal, Application, Name, _rights) = (token, own, own.Name, token.Rights & Rights.Portal);
        HasApplications = false;
    }

    /// <summary>Takes everything away: the key of the portal no longer holds, or the person's session is over.</summary>
    public void End()
    {
        (_rights, HasEnded) = (Rights.None, true);
        Ended?.Invoke();
    }

    /// <summary>Looks at another application from now on. Does nothing in a portal.</summary>
    public void Choose(Application application)
    {
        if (IsPortal || application.Id == Application.Id)
            return;
        Application = application;
        ApplicationChanged?.Invoke();
    }

    /// <summary>Looks again whether there is more than one application.</summary>
    public async Task LookForApplicationsAsync(CancellationToken cancellationToken)
    {
        // The built-in one of operational events does not count: nobody made it.
        var page = await applications.ListAsync(new Storage.PageRequest(SwitchedAt + 1), cancellationToken);
        HasApplications = page.Items.Count(application => application.Uid != Application.OperationalUid) >= SwitchedAt;
    }

    private static Rights RightsOf(ClaimsPrincipal person)
    {
        if (person.IsInRole(nameof(UserRole.Administrator)))
            return Rights.All;
        if (person.IsInRole(nameof(UserRole.Operator)))
            return Rights.Portal | Rights.Publish;
        return person.IsInRole(nameof(UserRole.Viewer)) ? Rights.Read : Rights.None;
    }
}
