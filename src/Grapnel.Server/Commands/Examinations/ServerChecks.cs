namespace Grapnel.Server.Commands.Examinations;

/// <summary>A running server, as anybody sees it.</summary>
internal static class ServerChecks
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(3);

    public static async Task<IReadOnlyList<Finding>> RunAsync(Uri url, TimeProvider time, CancellationToken cancel)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = url, Timeout = Limit };
        try
        {
            using var response = await client.GetAsync("/health/ready", cancel);
            var text = Terminal.Clean(await response.Content.ReadAsStringAsync(cancel), 300);
            var health = response.IsSuccessStatusCode
                ? Finding.Fine("server", $"{url.GetLeftPart(UriPartial.Authority)} is ready.")
                : Finding.Fault("server", $"{url.GetLeftPart(UriPartial.Authority)} is not ready: {(int)response.StatusCode} {text}", "The answer names what is missing. Look into the server's log.");
            return response.Headers.Date is { } date && (time.GetUtcNow() - date).Duration() > ClockTolerance
                ? [health, Finding.Warning("clock", $"The server's clock is {(time.GetUtcNow() - date).Duration().TotalSeconds:0} s from this machine's.", "Have both kept by NTP.")]
                : [health];
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return [Finding.Fault("server", $"{url.GetLeftPart(UriPartial.Authority)} does not answer: {failure.Message}", "Start it, or name another with --url.")];
        }
    }
}
