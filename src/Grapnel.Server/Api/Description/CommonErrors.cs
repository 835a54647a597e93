using Grapnel.Server.Auth;

namespace Grapnel.Server.Api.Description;

/// <summary>An error that many routes may answer with, described once in the document.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Name">Its name in the document.</param>
/// <param name="Meaning">When it is given.</param>
/// <param name="Code">The word for programs in its example.</param>
/// <param name="Detail">The sentence for people in its example.</param>
internal sealed record CommonError(int Status, string Name, string Meaning, string Code, string Detail);

/// <summary>The errors that routes may answer with because of what they are, not of what they do.</summary>
internal static class CommonErrors
{
    private static readonly CommonError Unauthorized = new(
        401, "Unauthorized", "There is no key or token, or it does not work.", "authentication_failed", "The API key or token is unknown, expired or revoked.");

    private static readonly CommonError Forbidden = new(
        403, "Forbidden", "The key or token may not do this.", "insufficient_scope", "This needs an API key with the scope 'full' or 'publish'.");

    private static readonly CommonError NotFound = new(
        404, "NotFound", "Something that the path names does not exist, or not for this key.", "not_found", "There is no application 'x'.");

    private static readonly CommonError Conflict = new(
        409, "Conflict", "It collides with something that is there already, or cannot be done as things stand; `detail` says why.",
        "conflict", "Another application has the uid 'acme'.");

    private static readonly CommonError TooLarge = new(
        413, "TooLarge", "The body is too large.", "payload_too_large", "The request body is larger than this server accepts.");

    private static readonly CommonError Compressed = new(
        415, "Compressed", "The body is compressed.", "unsupported_media_type", "The body is compressed. Send it as it is, without Content-Encoding.");

    private static readonly CommonError Invalid = new(
        422, "Invalid", "Fields do not fit; every one of them is named.", "invalid_input", "Fields do not fit; 'errors' names them.");

    private static readonly CommonError TooManyRequests = new(
        429, "TooManyRequests", "There were more requests than there may be; `Retry-After` says when to try again.",
        "rate_limited", "Too many requests; try again in 1 s.");

    private static readonly CommonError Unavailable = new(
        503, "Unavailable", "The store takes no writes just now; nothing was done. Try again.",
        "unavailable", "The store cannot take writes just now; nothing was accepted. Try again.");

    /// <summary>Those that a route may answer with.</summary>
    public static IEnumerable<CommonError> Of(RouteEndpoint route, Operation operation, bool isOpen)
    {
        var methods = route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
        var (isPost, isWrite) = (methods.Contains(HttpMethods.Post), !methods.All(RouteAccess.IsSafe));
        if (!isOpen)
        {
            yield return Unauthorized;
            yield return Forbidden;
        }
        if (route.RoutePattern.Parameters.Count > 0)
            yield return NotFound;
        // Every POST may have an idempotency key, which may be too long, or may have been used before.
        if (isPost || operation.Body is not null)
            yield return Conflict;
        if (operation.Body is not null)
        {
            yield return TooLarge;
            yield return Compressed;
        }
        if (isPost || operation.Body is not null || operation.Query.Count > 0)
            yield return Invalid;
        if (!isOpen)
            yield return TooManyRequests;
        if (isWrite)
            yield return Unavailable;
    }
}
