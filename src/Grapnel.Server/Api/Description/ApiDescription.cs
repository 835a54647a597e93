using System.Text.Json.Serialization;
using Grapnel.Server.Console;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Grapnel.Server.Api.Description;

/// <summary>The OpenAPI document at <c>/api/v1/openapi.json</c>, and a page to read it and try it out at <c>/docs</c>. Both are open to all.</summary>
internal static class ApiDescription
{
    public const string DocumentPath = GrapnelApi.Base + "/openapi.json";
    public const string PagePath = "/docs";

    // A grapnel: shank, ring and flukes.
    private const string Icon =
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' stroke='%230b7285' stroke-width='3' stroke-linecap='round'%3E"
        + "%3Ccircle cx='16' cy='6' r='3'/%3E%3Cpath d='M16 9v19M4 17c0 7 5 11 12 11s12-4 12-11M2 20l2-3 3 2M30 20l-2-3-3 2'/%3E%3C/svg%3E";

    public static IServiceCollection AddApiDescription(this IServiceCollection services) => services
        // A number that may also come as a string would be described as both.
        .Configure<JsonOptions>(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict)
        .AddSingleton<DescribedDocument>()
        .AddOpenApi(DescribedDocument.Name, openApi =>
        {
            openApi.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            openApi.AddSchemaTransformer(SchemaDetails.AddAsync);
            openApi.AddDocumentTransformer<DescribedRoutes>();
        });

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapGet(DocumentPath, app.Services.GetRequiredService<DescribedDocument>().AnswerAsync).AllowAnonymous();
        // Nothing is fetched from elsewhere, and no button leads there: the page works without a way out, and tells nobody that it was opened.
        var reference = app.MapScalarApiReference(PagePath, page => page
            .WithTitle("Grapnel API")
            .WithFavicon(Icon)
            .WithOpenApiRoutePattern(DocumentPath)
            .DisableDefaultFonts()
            .HideClientButton()
            .HideDeveloperTools()
            .AddPreferredSecuritySchemes(DescribedRoutes.KeyScheme)
            .DisableTelemetry()
            .DisableMcp()
            .DisableAgent()).AllowAnonymous();
        reference.Add(route => route.RequestDelegate = Confined(route.RequestDelegate!, PolicyFor(app.Services.GetRequiredService<ApiOptions>())));
        // Without a console, who opens the address that the server tells at its start gets something to read.
        if (!app.Services.GetRequiredService<ConsoleOptions>().Enabled)
            app.MapGet("/", () => TypedResults.Redirect(PagePath)).ExcludeFromDescription().AllowAnonymous();
    }

    /// <summary>Asks the browser to hold the page to it: people put a key into it.</summary>
    private static RequestDelegate Confined(RequestDelegate next, string policy) => http =>
    {
        http.Response.Headers.ContentSecurityPolicy = policy;
        return next(http);
    };

    // The page has a script and styles within itself. It asks this server, or the one that the document names.
    private static string PolicyFor(ApiOptions options) => $"""
        default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;
        connect-src 'self' {(options.PublicUrl is { } url ? new Uri(url).GetLeftPart(UriPartial.Authority) : "")}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'
        """.ReplaceLineEndings(" ");
}
