namespace Grapnel.Server.Api.Description;

/// <summary>The errors that routes may answer with because of what they are, not of what they do.</summary>
internal static class CommonErrors
{
    public static SortedDictionary<int, string> Of(RouteEndpoint route, Operation operation, bool isOpen)
    {
        var errors = new SortedDictionary<int, string>();
        if (!isOpen)
        {
            errors[401] = "There is no key, or it does not work.";
            errors[403] = "The key may not do this.";
            errors[429] = "The key has made more requests than it may; `Retry-After` says when to try again.";
        }
        if (route.RoutePattern.Parameters.Count > 0)
            errors[404] = "Something that the path names does not exist, or not for this key.";
        if (IsWrite(route))
            Add(errors, operation);
        if (operation.Query.Count > 0 || operation.Body is not null)
            errors[422] = "Fields do not fit; every one of them is named.";
        foreach (var (status, meaning) in operation.Errors)
            errors[status] = meaning;
        return errors;
    }

    private static void Add(SortedDictionary<int, string> errors, Operation operation)
    {
        errors[409] = "It collides with something that is there already.";
        errors[503] = "The store takes no writes just now; nothing was done. Try again.";
        errors[422] = "Fields do not fit; every one of them is named.";
        if (operation.Body is null)
            return;
        errors[413] = "The body is too large.";
        errors[415] = "The body is compressed.";
    }

    private static bool IsWrite(RouteEndpoint route) =>
        route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Any(method => !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method)) == true;
}
