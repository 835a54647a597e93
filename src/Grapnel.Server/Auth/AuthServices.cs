using Microsoft.AspNetCore.Authorization;

namespace Grapnel.Server.Auth;

/// <summary>Authentication and authorisation: nothing answers a stranger unless its endpoint says so itself.</summary>
internal static class AuthServices
{
    public static IServiceCollection AddGrapnelAuth(this IServiceCollection services)
    {
        services.AddTransient<ApiKeyHandler>();
        // The core only: the rest is for cookies, and would make keys to protect them with and write those to the home directory.
        services.AddAuthenticationCore(options =>
        {
            options.AddScheme<ApiKeyHandler>(ApiKeyHandler.Scheme, displayName: null);
            options.DefaultScheme = ApiKeyHandler.Scheme;
        });
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder(ApiKeyHandler.Scheme).RequireAuthenticatedUser().Build());
        return services;
    }
}
