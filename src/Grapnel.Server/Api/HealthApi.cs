using System.Text.Json;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: it can do its work, the store answers and deliveries are being made; 503
/// says which of the two is missing. <c>/api/v1/health</c> says the same by its status alone, 204 or 503. The only routes that need no key.
/// </summary>
internal sealed class HealthApi(Engine engine, ICatalogStore catalog, TimeProvider time)
{
    private static readonly TimeSpan StoreLimit = TimeSpan.FromSeconds(2);

    public void Map(IEndpointRouteBuilder routes)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        routes.MapMethods("/health/live", methods, LiveAsync).AllowAnonymous().Describe(StateOperations.Live);
        routes.MapMethods("/health/ready", methods, ReadyAsync).AllowAnonymous().Describe(StateOperations.Ready);
        // As clients of Svix ask.
        routes.MapMethods(GrapnelApi.Base + "/health", methods, HealthAsync).AllowAnonymous().Describe(StateOperations.Health);
        routes.MapMethods(GrapnelApi.Base + "/health/ping", methods, PingAsync).AllowAnonymous().Describe(StateOperations.Ping);
    }

    private static Task LiveAsync(HttpContext http) =>
        JsonReply.WriteAsync(http, StatusCodes.Status200OK, 0, (writer, _) => WriteStatus(writer, "ok"));

    private async Task ReadyAsync(HttpContext http)
    {
        var store = await StoreAnswersAsync(http.RequestAborted);
        var ready = store && engine.IsRunning;
        var status = ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await JsonReply.WriteAsync(http, status, (ready, store, deliveries: engine.IsRunning), (writer, state) =>
            WriteStatus(writer, state.ready ? "ok" : "unavailable", ("store", state.store), ("deliveries", state.deliveries)));
    }

    private static Task PingAsync(HttpContext http)
    {
        http.AnswerNoContent();
        return Task.CompletedTask;
    }

    private async Task HealthAsync(HttpContext http)
    {
        if (engine.IsRunning && await StoreAnswersAsync(http.RequestAborted))
            http.AnswerNoContent();
        else
            await ErrorBody.WriteAsync(http.Response, StatusCodes.Status503ServiceUnavailable, "unavailable", "The server cannot do its work just now.");
    }

    private async Task<bool> StoreAnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await catalog.NextScheduleAtAsync(cancellationToken).WaitAsync(StoreLimit, time, cancellationToken);
            return true;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static void WriteStatus(Utf8JsonWriter writer, string status, params ReadOnlySpan<(string Name, bool Works)> parts)
    {
        writer.WriteStartObject();
        writer.WriteString("status", status);
        foreach (var (name, works) in parts)
            writer.WriteString(name, works ? "ok" : "unavailable");
        writer.WriteEndObject();
    }
}
