namespace Grapnel.Registry;

/// <summary>There is already as much of something as there may be; it has to become less first.</summary>
internal sealed class LimitReachedException(string message) : Exception(message);
