using System.Net;
using Grapnel.Sending;
using Grapnel.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Grapnel.Tests.Sending;

public sealed class Http2Tests
{
    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2, "HTTP/2")]
    [InlineData(HttpProtocols.Http2, "HTTP/2")]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    public async Task Over_TLS_the_best_version_that_the_receiver_offers_is_used(HttpProtocols offered, string used)
    {
        using var certificates = new TestCertificates();
        var (protocol, tenant, body) = ("", "", Array.Empty<byte>());
        await using var app = await StartAsync(certificates, offered, async context =>
        {
            (protocol, tenant) = (context.Request.Protocol, context.Request.Headers["X-Tenant"].ToString());
            var received = new MemoryStream();
            await context.Request.Body.CopyToAsync(received);
            body = received.ToArray();
            context.Response.StatusCode = 202;
            await context.Response.WriteAsync("taken");
        });
        using var fixture = new SendFixture(roots: certificates.Roots);
        var endpoint = SendFixture.Endpoint(app.Urls.Single()) with { Headers = new Dictionary<string, string> { ["X-Tenant"] = "acme" } };

        for (var i = 0; i < 3; i++)
        {
            var payload = Enumerable.Range(0, 100_000 * i).Select(n => (byte)n).ToArray();
            var result = await fixture.SendAsync(endpoint, SendFixture.Delivery(payload));
            (result.Outcome, result.StatusCode, result.ResponseBody.Length).ShouldBe((SendOutcome.Success, 202, 5), result.Error);
            (protocol, tenant, body.SequenceEqual(payload)).ShouldBe((used, "acme", true));
        }
    }

    [Fact]
    public async Task An_endless_body_over_HTTP_2_is_read_up_to_the_limit_and_dropped()
    {
        using var certificates = new TestCertificates();
        var dropped = new TaskCompletionSource();
        await using var app = await StartAsync(certificates, HttpProtocols.Http2, async context =>
        {
            context.RequestAborted.Register(() => dropped.TrySetResult());
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(new byte[8192], context.RequestAborted);
        });
        using var fixture = new SendFixture(roots: certificates.Roots, maxResponseBytes: 5000);

        var result = await fixture.SendAsync(app.Urls.Single());

        (result.Outcome, result.ResponseBody.Length).ShouldBe((SendOutcome.Success, 5000), result.Error);
        await dropped.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_stream_that_is_reset_before_the_status_is_a_failure()
    {
        using var certificates = new TestCertificates();
        await using var app = await StartAsync(certificates, HttpProtocols.Http2, context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        using var fixture = new SendFixture(roots: certificates.Roots);

        var result = await fixture.SendAsync(app.Urls.Single());

        result.Outcome.ShouldBe(SendOutcome.ConnectionLost);
    }

    private static async Task<WebApplication> StartAsync(TestCertificates certificates, HttpProtocols protocols, RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(certificates.Issue("127.0.0.1"));
        }));
        var app = builder.Build();
        app.Run(handle);
        await app.StartAsync();
        return app;
    }
}
