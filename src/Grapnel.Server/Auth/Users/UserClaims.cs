using System.Security.Claims;
using Microsoft.AspNetCore.Identity;

namespace Grapnel.Server.Auth.Users;

/// <summary>Makes the principal of a user: who it is, the stamp its cookie is checked by, and every role that its role includes.</summary>
internal sealed class UserClaims : IUserClaimsPrincipalFactory<User>
{
    public const string SecurityStamp = "stamp";

    public Task<ClaimsPrincipal> CreateAsync(User user)
    {
        var identity = new ClaimsIdentity(
            IdentityConstants.ApplicationScheme, nameType: ClaimTypes.Name, roleType: ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, user.Id.ToString()));
        identity.AddClaim(new Claim(ClaimTypes.Name, user.Name));
        identity.AddClaim(new Claim(SecurityStamp, user.SecurityStamp));
        foreach (var role in Enum.GetValues<UserRole>().Where(role => role <= user.Role))
            identity.AddClaim(new Claim(ClaimTypes.Role, role.ToString()));
        return Task.FromResult(new ClaimsPrincipal(identity));
    }
}
