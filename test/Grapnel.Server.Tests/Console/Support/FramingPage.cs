using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>Another site, which shows an address in an iframe.</summary>
internal sealed class FramingPage : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FramingPage(WebApplication app) => _app = app;

    public string Origin => _app.Urls.First();

    public static async Task<FramingPage> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(http =>
        {
            http.Response.ContentType = "text/html; charset=utf-8";
            var framed = WebUtility.HtmlEncode(http.Request.Query["framed"].ToString());
            return http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(
                $"""<!DOCTYPE html><title>Another site</title><link rel="icon" href="data:,"><iframe width="560" height="700" src="{framed}"></iframe>""")).AsTask();
        });
        await app.StartAsync();
        return new FramingPage(app);
    }

    /// <summary>The address of a page with that address in it.</summary>
    public string Framing(string url) => $"{Origin}/?framed={Uri.EscapeDataString(url)}";

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
