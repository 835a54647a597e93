using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Grapnel.Sending;

/// <summary>There is no access token to be had, with the reason in a sentence for people.</summary>
internal sealed class TokenFailure(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// The access token of one endpoint (RFC 6749, 4.4): asked for when the first request needs it, by one for all, and again shortly before it ends or once a
/// receiver has refused it. It is kept in memory only. Safe to share between threads.
/// </summary>
/// <param name="settings">Where it is asked for, and with what.</param>
/// <param name="http">Makes the exchange, under the same guard as deliveries.</param>
/// <param name="timeout">Limit of the exchange.</param>
/// <param name="time">For its end.</param>
internal sealed class AccessToken(EndpointOAuth settings, HttpMessageInvoker http, TimeSpan timeout, TimeProvider time)
{
    private const int MaxBytes = 64 * 1024;
    private const int MaxTokenLength = 16 * 1024;
    private static readonly TimeSpan DefaultLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxMargin = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private Task<Issued>? _current;

    /// <summary>Whether there is one, or one has been asked for.</summary>
    public bool IsInForce
    {
        get
        {
            lock (_lock)
                return Usable is not null;
        }
    }

    /// <summary>Whether it is what these settings ask for.</summary>
    public bool IsFor(EndpointOAuth grant, TimeSpan limit) =>
        limit == timeout && settings with { ClientSecret = grant.ClientSecret } == grant && settings.ClientSecret.AsSpan().SequenceEqual(grant.ClientSecret);

    /// <summary>The value of <c>Authorization</c>.</summary>
    /// <exception cref="TokenFailure">There is none; the next call asks again.</exception>
    public async ValueTask<string> GetAsync(CancellationToken cancellationToken) => (await Current().WaitAsync(cancellationToken).ConfigureAwait(false)).Header;

    /// <summary>A receiver refused it: unless it was replaced in the meantime, the next call asks for another.</summary>
    public void Forget(string header)
    {
        lock (_lock)
            if (_current is { IsCompletedSuccessfully: true } known && known.Result.Header == header)
                _current = null;
    }

    private Task<Issued> Current()
    {
        lock (_lock)
            // Not bound to the attempt that happens to ask: others wait for the same answer.
            return Usable ?? (_current = Task.Run(AskAsync));
    }

    private Task<Issued>? Usable =>
        _current is { } known && (!known.IsCompleted || (known.IsCompletedSuccessfully && time.GetUtcNow() < known.Result.Until)) ? known : null;

    private async Task<Issued> AskAsync()
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        var now = time.GetUtcNow();
        try
        {
            using var request = BuildRequest();
            using var response = await http.SendAsync(request, deadline.Token).ConfigureAwait(false);
            var body = await CappedBody.ReadAsync(response, MaxBytes, deadline.Token).ConfigureAwait(false);
            return Read((int)response.StatusCode, body.Span, now);
        }
        catch (Exception failure) when (failure is not TokenFailure)
        {
            throw new TokenFailure(deadline.IsCancellationRequested
                ? "No access token: the authorization server did not answer in time."
                : $"No access token: at the authorization server, {Lowered(SendFailure.Judge(failure).Error)}", failure);
        }
    }

    private HttpRequestMessage BuildRequest()
    {
        var secret = Encoding.UTF8.GetString(settings.ClientSecret);
        Dictionary<string, string> form = new() { ["grant_type"] = "client_credentials" };
        if (settings.Scope is { } scope)
            form["scope"] = scope;
        if (settings.Audience is { } audience)
            form["audience"] = audience;
        var request = new HttpRequestMessage(HttpMethod.Post, settings.TokenUrl);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", WebhookSender.UserAgent);
        if (settings.ClientAuthentication == ClientAuthentication.Post)
        {
            form["client_id"] = settings.ClientId;
            form["client_secret"] = secret;
        }
        else
        {
            // Both are form-encoded before they are joined (RFC 6749, 2.3.1), so that a colon in either does no harm.
            var pair = $"{Uri.EscapeDataString(settings.ClientId)}:{Uri.EscapeDataString(secret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }
        request.Content = new FormUrlEncodedContent(form);
        return request;
    }

    private static Issued Read(int status, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (status is < 200 or > 299)
            throw new TokenFailure($"No access token: the authorization server answered {status}{Detail(body)}.");
        if (Field(body, "access_token") is not { ValueKind: JsonValueKind.String } token || token.GetString() is not { Length: > 0 and <= MaxTokenLength } text
            || text.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new TokenFailure("No access token: there is none in the authorization server's answer.");
        var life = Field(body, "expires_in") is { ValueKind: JsonValueKind.Number } seconds && seconds.TryGetInt32(out var number) && number > 0
            ? TimeSpan.FromSeconds(number)
            : DefaultLife;
        var margin = life / 10 < MaxMargin ? life / 10 : MaxMargin;
        return new Issued("Bearer " + text, now + life - margin);
    }

    // The codes of RFC 6749, 5.2, and what looks like one: never a text that a stranger chose at length.
    private static string Detail(ReadOnlySpan<byte> body) =>
        Field(body, "error") is { ValueKind: JsonValueKind.String } code && code.GetString() is { Length: > 0 and <= 64 } text
        && !text.AsSpan().ContainsAnyExcept(System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz_")) ? $" ({text})" : "";

    private static JsonElement? Field(ReadOnlySpan<byte> body, string name)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            var root = JsonElement.ParseValue(ref reader);
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Lowered(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence[1..];

    /// <summary>A token.</summary>
    /// <param name="Header">The value of <c>Authorization</c>.</param>
    /// <param name="Until">When another is asked for.</param>
    private sealed record Issued(string Header, DateTimeOffset Until)
    {
        public override string ToString() => nameof(Issued);
    }
}
