using System.Net;
using System.Text.RegularExpressions;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>A browser without a window: keeps cookies, sends forms, and follows no redirects, so that a test sees where they lead.</summary>
internal sealed partial class FormClient : IDisposable
{
    private readonly HttpClient _http;

    public FormClient(Uri address) =>
        _http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = address };

    public CookieContainer Cookies { get; } = new();

    public void Dispose() => _http.Dispose();

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(path);

    public async Task<string> ReadAsync(string path) => await (await _http.GetAsync(path)).Content.ReadAsStringAsync();

    /// <summary>Sends a form as it stands, without whatever its page adds.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, params IEnumerable<(string Name, string Value)> fields) =>
        _http.PostAsync(path, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    /// <summary>Loads a page and sends its form with the hidden fields that it has.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string page, string action, params IEnumerable<(string Name, string Value)> fields)
    {
        var html = await ReadAsync(page);
        // The fields of the form itself; other forms of the page come before it.
        var form = FormOf(html, action);
        return await PostAsync(action.Length == 0 ? page : action, fields.Concat(Hidden().Matches(form).Select(hidden => (hidden.Groups["name"].Value, WebUtility.HtmlDecode(hidden.Groups["value"].Value)))));
    }

    /// <summary>Signs in by the form.</summary>
    public Task<HttpResponseMessage> SignInAsync(string name, string password = ConsoleServer.Password, string query = "") =>
        SubmitAsync("/sign-in" + query, "", ("Input.Name", name), ("Input.Password", password));

    /// <summary>Whether the session is good: a page is shown, and not the way to sign in.</summary>
    public async Task<bool> IsSignedInAsync() => (await GetAsync("/account")).StatusCode == HttpStatusCode.OK;

    private static string FormOf(string html, string action)
    {
        var start = action.Length == 0 ? html.IndexOf("<form", StringComparison.Ordinal) : html.LastIndexOf($"action=\"{action}\"", StringComparison.Ordinal);
        start.ShouldBeGreaterThanOrEqualTo(0, $"a form for '{action}'");
        return html[start..html.IndexOf("</form>", start, StringComparison.Ordinal)];
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]+)\" value=\"(?<value>[^\"]*)\"")]
    private static partial Regex Hidden();
}
