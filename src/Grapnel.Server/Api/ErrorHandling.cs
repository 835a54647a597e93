using System.Text.Json;
using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary>Turns whatever goes wrong below into an answer with a JSON body, so that no client has to parse an empty or an HTML page.</summary>
internal sealed partial class ErrorHandling(RequestDelegate next, ILogger<ErrorHandling> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
        }
        catch (Exception error) when (!http.Response.HasStarted)
        {
            await AnswerAsync(http, error);
            return;
        }
        if (http.Response is { StatusCode: >= 400, HasStarted: false, ContentLength: null, ContentType: null })
            await AnswerBareStatusAsync(http);
    }

    private async Task AnswerAsync(HttpContext http, Exception error)
    {
        var response = http.Response;
        if (error is OperationCanceledException && http.RequestAborted.IsCancellationRequested)
        {
            response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }
        response.Clear();
        switch (error)
        {
            case InvalidInputException invalid:
                await ErrorBody.WriteInvalidAsync(response, invalid.Errors);
                break;
            case JsonException json:
                await ErrorBody.WriteInvalidAsync(response, [new FieldError("", $"The body is not valid JSON: {json.Message}")], ErrorBody.JsonError);
                break;
            case StoreUnavailableException:
                LogStoreUnavailable(error);
                response.Headers.RetryAfter = "1";
                await ErrorBody.WriteAsync(response, 503, "unavailable", "The store cannot take writes just now; nothing was accepted. Try again.");
                break;
            default:
                var (status, code, detail) = Describe(error);
                if (status == 500)
                    LogUnexpected(error, http.Request.Method, http.Request.Path);
                if (status == 415)
                    response.Headers.AcceptEncoding = RequestBytes.Unencoded;
                await ErrorBody.WriteAsync(response, status, code, detail);
                break;
        }
    }

    private static (int Status, string Code, string Detail) Describe(Exception error) => error switch
    {
        NotFoundException => (404, "not_found", error.Message),
        ConflictException conflict => (409, conflict.Code, error.Message),
        InvalidRequestException invalid => (400, invalid.Code, error.Message),
        LimitReachedException => (400, "limit_reached", error.Message),
        BadHttpRequestException { StatusCode: 415 } => (415, "unsupported_media_type", error.Message),
        BadHttpRequestException { StatusCode: 413 } => (413, "payload_too_large", "The request body is larger than this server accepts."),
        BadHttpRequestException bad => (bad.StatusCode, "generic_error", bad.Message),
        _ => (500, "internal_error", "Something went wrong in the server; its log says what."),
    };

    private static Task AnswerBareStatusAsync(HttpContext http)
    {
        var (code, detail) = http.Response.StatusCode switch
        {
            404 => ("not_found", $"There is nothing at {http.Request.Path}.{RolesOf(http)}"),
            405 => ("method_not_allowed", $"{http.Request.Path} does not answer {http.Request.Method}."),
            413 => ("payload_too_large", "The request body is larger than this server accepts."),
            415 => ("unsupported_media_type", "The body must be JSON."),
            _ => ("generic_error", "The request cannot be answered."),
        };
        return ErrorBody.WriteAsync(http.Response, http.Response.StatusCode, code, detail);
    }

    // Whoever asks the wrong one of several nodes.
    private static string RolesOf(HttpContext http) => http.RequestServices.GetRequiredService<NodeOptions>().Roles is not NodeRoles.All and var roles
        ? $" The roles of this node (Node:Roles) are: {roles}."
        : "";
}
