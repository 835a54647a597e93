using System.Text.Json.Serialization.Metadata;

namespace Grapnel.Server.Api;

/// <summary>The few things that every resource does with a request and its answer.</summary>
internal static class HttpContextExtensions
{
    /// <summary>A part of the route.</summary>
    public static string Part(this HttpContext http, string name) => (string)http.Request.RouteValues[name]!;

    public static Task AnswerAsync<T>(this HttpContext http, T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) =>
        JsonReply.WriteAsync(http, status, value, type);

    /// <summary>The answer to an upsert: 201 for something new, 200 otherwise.</summary>
    public static Task AnswerSavedAsync<T>(this HttpContext http, T value, JsonTypeInfo<T> type, bool created) =>
        http.AnswerAsync(value, type, created ? StatusCodes.Status201Created : StatusCodes.Status200OK);

    public static void AnswerNoContent(this HttpContext http) => http.Response.StatusCode = StatusCodes.Status204NoContent;
}
