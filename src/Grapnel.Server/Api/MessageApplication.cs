using Grapnel.Auditing;
using Grapnel.Registry;

namespace Grapnel.Server.Api;

/// <summary>The field <c>application</c> of a message: an application that is made if there is none of its uid; one that is there stays as it is.</summary>
internal static class MessageApplication
{
    /// <exception cref="InvalidInputException">It is no application, or not the one in the path.</exception>
    public static ApplicationInput Read(ReadOnlyMemory<byte> json, string path)
    {
        var input = Within(() => ApplicationsApi.Read(JsonBody.Parse(json), new ApplicationInput()));
        return input.Uid == path ? input : throw new InvalidInputException("application.uid", "must be the uid in the path");
    }

    public static async Task CreateAsync(ApplicationRegistry applications, ApplicationInput input, string actor)
    {
        // Nobody is named for publishes; this one changes something.
        using var acting = Actor.As(actor);
        try
        {
            // Another message may make it in the meantime.
            await applications.GetOrCreateAsync(input, CancellationToken.None);
        }
        catch (InvalidInputException e)
        {
            throw Prefixed(e);
        }
    }

    private static ApplicationInput Within(Func<ApplicationInput> read)
    {
        try
        {
            return read();
        }
        catch (InvalidInputException e)
        {
            throw Prefixed(e);
        }
    }

    private static InvalidInputException Prefixed(InvalidInputException e) =>
        new([.. e.Errors.Select(error => error with { Field = $"application.{error.Field}" })]);
}
