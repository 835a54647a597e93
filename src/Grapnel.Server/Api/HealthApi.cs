using System.Text.Json;
using Grapnel.Housekeeping;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: how its parts do, and whether it should get work; 503 when it should not.
/// <c>/api/v1/health</c> says the latter by its status alone, 204 or 503. The only routes that need no key.
/// </summary>
internal sealed class HealthApi(NodeHealth health)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        routes.MapMethods("/health/live", methods, LiveAsync).AllowAnonymous().Describe(StateOperations.Live);
        routes.MapMethods("/health/ready", methods, ReadyAsync).AllowAnonymous().Describe(StateOperations.Ready);
        // As clients of Svix ask.
        routes.MapMethods(GrapnelApi.Base + "/health", methods, HealthAsync).AllowAnonymous().Describe(StateOperations.Health);
        routes.MapMethods(GrapnelApi.Base + "/health/ping", methods, PingAsync).AllowAnonymous().Describe(StateOperations.Ping);
    }

    private static Task LiveAsync(HttpContext http) => JsonReply.WriteAsync(http, StatusCodes.Status200OK, 0, (writer, _) =>
    {
        writer.WriteStartObject();
        writer.WriteString("status", "ok");
        writer.WriteEndObject();
    });

    private async Task ReadyAsync(HttpContext http)
    {
        var report = await health.LookAsync(http.RequestAborted);
        await JsonReply.WriteAsync(http, report.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, report, Write);
    }

    private static Task PingAsync(HttpContext http)
    {
        http.AnswerNoContent();
        return Task.CompletedTask;
    }

    private async Task HealthAsync(HttpContext http)
    {
        if ((await health.LookAsync(http.RequestAborted)).IsReady)
            http.AnswerNoContent();
        else
            await ErrorBody.WriteAsync(http.Response, StatusCodes.Status503ServiceUnavailable, "unavailable", "The server cannot do its work just now.");
    }

    private static void Write(Utf8JsonWriter writer, HealthReport report)
    {
        writer.WriteStartObject();
        writer.WriteString("status", report.IsWell ? "ok" : report.IsReady ? "degraded" : "unavailable");
        writer.WriteString("store", Word(report.Store));
        if (report.Queue is { } queue)
            writer.WriteString("queue", Word(queue));
        writer.WriteString("deliveries", Word(report.Deliveries));
        if (report.Disk is { } disk)
            writer.WriteString("disk", disk.IsFull ? Word(false) : disk.IsLow ? "low" : Word(true));
        writer.WriteEndObject();
    }

    private static string Word(bool works) => works ? "ok" : "unavailable";
}
