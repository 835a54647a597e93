using Grapnel.Server.Api;
using Grapnel.Server.Console;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;

namespace Grapnel.Server.Auth.Users;

/// <summary>Registers users and their cookies.</summary>
internal static class UserServices
{
    private const int WrongPasswords = 5;
    private static readonly TimeSpan LockOut = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StampsAreCheckedEvery = StampChecks.Every;

    public static IServiceCollection AddGrapnelUsers(this IServiceCollection services)
    {
        AddAccounts(services).AddSignInManager().AddClaimsPrincipalFactory<UserClaims>();
        services.Configure<SecurityStampValidatorOptions>(stamps => stamps.ValidationInterval = StampsAreCheckedEvery);
        services.AddAuthentication(IdentityConstants.ApplicationScheme).AddIdentityCookies();
        services.AddOptions<CookieAuthenticationOptions>(IdentityConstants.ApplicationScheme)
            .Configure<ConsoleOptions, ApiOptions>(ConfigureCookie);
        services.AddAuthorization();
        return services.AddScoped<SignIns>().AddSingleton<FirstUser>();
    }

    /// <summary>Registers users without any way to sign in, which is all that a command needs.</summary>
    public static IdentityBuilder AddAccounts(IServiceCollection services) => services.AddScoped<Accounts>().AddIdentityCore<User>(identity =>
    {
        identity.User.AllowedUserNameCharacters = "";
        identity.Lockout.MaxFailedAccessAttempts = WrongPasswords;
        identity.Lockout.DefaultLockoutTimeSpan = LockOut;
        identity.ClaimsIdentity.SecurityStampClaimType = UserClaims.SecurityStamp;
    }).AddUserStore<UserStore>();

    // Behind a proxy that speaks TLS to the outside the request itself looks plain; the public address tells.
    private static void ConfigureCookie(CookieAuthenticationOptions cookie, ConsoleOptions console, ApiOptions api)
    {
        cookie.Cookie.Name = "grapnel";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = api.IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = console.SessionLifetime;
        cookie.SlidingExpiration = true;
        cookie.LoginPath = ConsolePaths.SignIn;
        cookie.AccessDeniedPath = ConsolePaths.NotAllowed;
        cookie.ReturnUrlParameter = "return";
    }
}
