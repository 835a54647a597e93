using System.Security.Claims;
using Grapnel.Auditing;
using Grapnel.Server.Auth;
using Grapnel.Server.Auth.Users;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Identity;

namespace Grapnel.Server.Console;

/// <summary>What changes a cookie needs a request of its own: a page lives on a connection, which has no way to send one.</summary>
internal static class AccountForms
{
    public static void Map(WebApplication app)
    {
        app.MapPost(ConsolePaths.SignOut, SignOutAsync).WithMetadata(ConsoleRoute.Instance, RouteAccess.Everybody).ExcludeFromDescription();
        app.MapPost(ConsolePaths.Password, ChangePasswordAsync)
            .WithMetadata(ConsoleRoute.Instance, RouteAccess.Everybody).RequireAuthorization().ExcludeFromDescription();
    }

    private static async Task SignOutAsync(HttpContext http, IAntiforgery antiforgery, SignIns signIns)
    {
        await RefuseForgeryAsync(http, antiforgery);
        await signIns.SignOutAsync();
        http.Response.Redirect(ConsolePaths.SignIn);
    }

    private static async Task ChangePasswordAsync(HttpContext http, IAntiforgery antiforgery, Accounts accounts, SignInManager<User> manager)
    {
        await RefuseForgeryAsync(http, antiforgery);
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        using var acting = Actor.As(Actor.User(http.User.Identity!.Name!));
        var outcome = await OutcomeAsync(http, accounts, manager, form["current"].ToString(), form["replacement"].ToString());
        http.Response.Redirect($"{ConsolePaths.Account}?password={outcome}");
    }

    // The cookie of this session is made anew for the new stamp; all others end.
    private static async Task<PasswordOutcome> OutcomeAsync(
        HttpContext http, Accounts accounts, SignInManager<User> manager, string current, string replacement)
    {
        try
        {
            if (!Id<User>.TryParse(http.User.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
                || await accounts.ChangePasswordAsync(id, current, replacement, http.RequestAborted) is not { } user)
                return PasswordOutcome.Wrong;
            await manager.RefreshSignInAsync(user);
            return PasswordOutcome.Changed;
        }
        catch (InvalidInputException)
        {
            return PasswordOutcome.Unfit;
        }
    }

    private static async Task RefuseForgeryAsync(HttpContext http, IAntiforgery antiforgery)
    {
        if (!await antiforgery.IsRequestValidAsync(http))
            throw new BadHttpRequestException("This form was not made by this server, or is too old. Load the page again.");
    }
}

/// <summary>What became of a change of one's own password.</summary>
public enum PasswordOutcome
{
    /// <summary>It is changed.</summary>
    Changed,

    /// <summary>The current password is not right, or too many were wrong.</summary>
    Wrong,

    /// <summary>The new password is too short or too long.</summary>
    Unfit,
}
