using System.Net;
using System.Net.Sockets;
using System.Text;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Grapnel.Server.Tests.Commands;

public sealed class HealthProcessTests
{
    [Fact]
    public async Task A_server_that_works_is_healthy_without_a_key()
    {
        using var folder = new TemporaryFolder();
        await using var server = await TestServer.StartAsync();

        var (exitCode, output, errors) = await GrapnelProcess.RunAsync(folder.Path, "health", "--url", server.Address.ToString());

        (exitCode, errors).ShouldBe((0, ""));
        output.ShouldContain("is ready");
    }

    [Theory]
    [InlineData(503, """{"status":"unavailable","store":"unavailable","deliveries":"ok"}""", "is not ready: store unavailable.")]
    [InlineData(503, "<html>", "is not ready: it does not say why.")]
    [InlineData(404, "", "answered 404")]
    public async Task A_server_that_cannot_work_is_not_healthy_and_what_is_missing_is_told(int status, string body, string told)
    {
        using var folder = new TemporaryFolder();
        await using var server = await AnswerAsync(status, body);

        var (exitCode, output, errors) = await GrapnelProcess.RunAsync(folder.Path, "health", "--url", server.Urls.First());

        (exitCode, output).ShouldBe((1, ""));
        errors.ShouldContain(told);
    }

    [Fact]
    public async Task Where_no_server_answers_nothing_is_healthy()
    {
        using var folder = new TemporaryFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        (await GrapnelProcess.RunAsync(folder.Path, "health", "--url", $"http://127.0.0.1:{port}")).ExitCode.ShouldBe(1);
    }

    private static async Task<WebApplication> AnswerAsync(int status, string body)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/health/ready", http =>
        {
            http.Response.StatusCode = status;
            return http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body)).AsTask();
        });
        await app.StartAsync();
        return app;
    }
}
