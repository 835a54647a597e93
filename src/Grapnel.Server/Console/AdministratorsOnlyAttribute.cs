using Microsoft.AspNetCore.Authorization;

namespace Grapnel.Server.Console;

/// <summary>Marks a page that only administrators may open.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AdministratorsOnlyAttribute : AuthorizeAttribute
{
    public AdministratorsOnlyAttribute() => Roles = nameof(UserRole.Administrator);
}
