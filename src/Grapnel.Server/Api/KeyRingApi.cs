using Grapnel.Server.Api.Description;
using Grapnel.Server.Secrets;

namespace Grapnel.Server.Api;

/// <summary><c>POST /key-ring/rotate</c>: a new key for secrets at rest.</summary>
internal sealed class KeyRingApi(SecretKeeper secrets)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/key-ring/rotate", RotateAsync).Describe(KeyOperations.RotateKeyRing);

    private async Task RotateAsync(HttpContext http) =>
        await http.AnswerAsync(new KeyRingRotatedOut(await secrets.RotateAsync(http.RequestAborted)), ApiJson.Default.KeyRingRotatedOut);
}
