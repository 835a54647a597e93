using System.Net;
using System.Text;
using Grapnel.Receiving;
using Grapnel.Sending.Signing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Grapnel.Server.Tests.Receiving;

/// <summary>An application that receives webhooks with the package, and a sender that signs them.</summary>
internal sealed class ReceivingApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private ReceivingApp(WebApplication app) => (_app, _client) = (app, new HttpClient { BaseAddress = new Uri(app.Urls.First()) });

    public static EndpointSecret Secret { get; } = WebhookSecret.Generate();

    public string Url(string path) => _app.Urls.First() + path;

    public static string Text(EndpointSecret secret) => ReceiverKey.Of(secret).ToText();

    public static Task<ReceivingApp> StartAsync(Func<Webhook, Task> handler, Action<WebhookReceiverOptions>? configure = null) => StartAsync(routes =>
    {
        var options = new WebhookReceiverOptions { Secrets = [Text(Secret)] };
        configure?.Invoke(options);
        routes.MapWebhook("/hooks", options, handler);
    });

    public static async Task<ReceivingApp> StartAsync(Action<IEndpointRouteBuilder> map, Action<IServiceCollection>? services = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        services?.Invoke(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new ReceivingApp(app);
    }

    /// <summary>Sends a webhook, signed now.</summary>
    public async Task<(int Status, string Text)> SendAsync(
        string id, string body = "{}", EndpointSecret[]? secrets = null, DateTimeOffset? at = null, string path = "/hooks", string? without = null, bool chunked = false)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var now = at ?? TimeProvider.System.GetUtcNow();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(bytes) };
        request.Headers.TransferEncodingChunked = chunked;
        foreach (var (name, value) in (IEnumerable<(string, string)>)[
            ("webhook-id", id), ("webhook-timestamp", $"{now.ToUnixTimeSeconds()}"), ("webhook-signature", new StandardWebhooksSigner(secrets ?? [Secret]).Sign(id, now, bytes))])
            if (name != without)
                request.Headers.Add(name, value);
        using var answer = await _client.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }
}
