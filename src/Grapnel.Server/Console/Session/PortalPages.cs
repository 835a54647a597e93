namespace Grapnel.Server.Console;

/// <summary>Marks a page that a portal shows as well as the console. It must show nothing of other applications to a <see cref="Viewer"/> in a portal.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AlsoInPortalAttribute : Attribute;

/// <summary>Marks a page that only a portal shows.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PortalOnlyAttribute : Attribute;
