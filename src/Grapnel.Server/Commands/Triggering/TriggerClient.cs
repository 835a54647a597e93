using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace Grapnel.Server.Commands.Triggering;

/// <summary>Publishes an event to a running server over HTTP. Every failure is a <see cref="CommandException"/> that says what to do.</summary>
internal sealed class TriggerClient(HttpClient http, Uri server, string? key)
{
    public async Task<TriggerReceipt> TriggerAsync(string eventType, byte[] payload, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, $"/trigger/{Uri.EscapeDataString(eventType)}"))
        {
            Content = new ByteArrayContent(payload) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await SendAsync(request, cancel);
        if (!response.IsSuccessStatusCode)
            throw new CommandException(await ExplainAsync(response, eventType, cancel));
        return await ReadReceiptAsync(response, cancel);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            return await http.SendAsync(request, cancel);
        }
        catch (HttpRequestException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            throw new CommandException($"No server answers at {Address}. Start one with 'grapnel serve', or name another with --url.", failure);
        }
        catch (HttpRequestException failure)
        {
            throw new CommandException($"The request to {Address} failed: {failure.Message}", failure);
        }
        catch (TaskCanceledException late) when (late.InnerException is TimeoutException)
        {
            throw new CommandException($"{Address} did not answer within {http.Timeout.TotalSeconds:0} s; whether the event was accepted is not known.", late);
        }
    }

    private async Task<TriggerReceipt> ReadReceiptAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<TriggerReceipt>(cancel) ?? throw new JsonException("null");
        }
        catch (Exception unreadable) when (unreadable is JsonException or NotSupportedException)
        {
            throw new CommandException($"{Address} answered {(int)response.StatusCode}, but not as a Grapnel server does. Is --url right?", unreadable);
        }
    }

    private async Task<string> ExplainAsync(HttpResponseMessage response, string eventType, CancellationToken cancel)
    {
        var detail = ProblemText.Read(await response.Content.ReadAsStringAsync(cancel));
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized when key is null => $"{Address} wants an API key. {ApiKeySource.Help}",
            HttpStatusCode.Unauthorized => $"{Address} does not accept this API key. {ApiKeySource.Help}",
            HttpStatusCode.NotFound => $"There is no event type '{eventType}' at {Address}.{Sentence(detail)}",
            _ => $"{Address} answered {(int)response.StatusCode} {response.ReasonPhrase}.{Sentence(detail)}",
        };
    }

    private string Address => server.GetLeftPart(UriPartial.Authority);

    private static string Sentence(string? detail) => detail is null ? "" : " " + detail;
}
