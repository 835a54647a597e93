using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Grapnel.Server.Api.Description;

/// <summary>The OpenAPI document at <c>/api/v1/openapi.json</c>, and a page to read it and try it out at <c>/docs</c>. Both are open to all.</summary>
internal static class ApiDescription
{
    public const string DocumentPath = GrapnelApi.Base + "/openapi.json";
    public const string PagePath = "/docs";

    public static IServiceCollection AddApiDescription(this IServiceCollection services) => services
        // A number that may also come as a string would be described as both.
        .Configure<JsonOptions>(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict)
        .AddOpenApi("v1", openApi =>
        {
            openApi.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            openApi.AddDocumentTransformer<DescribedRoutes>();
        });

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi(DocumentPath).AllowAnonymous();
        // Nothing is fetched from elsewhere: the page works without a way out, and tells nobody that it was opened.
        app.MapScalarApiReference(PagePath, page => page
            .WithTitle("Grapnel API")
            .WithOpenApiRoutePattern(DocumentPath)
            .DisableDefaultFonts()
            .HideDeveloperTools()
            .AddPreferredSecuritySchemes(DescribedRoutes.KeyScheme)
            .DisableTelemetry()
            .DisableAgent()).AllowAnonymous();
        // Who opens the address that the server tells at its start gets something to read.
        app.MapGet("/", () => TypedResults.Redirect(PagePath)).ExcludeFromDescription().AllowAnonymous();
    }
}
