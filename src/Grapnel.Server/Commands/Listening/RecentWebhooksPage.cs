using System.Net;
using System.Text;

namespace Grapnel.Server.Commands.Listening;

/// <summary>A page for the browser that shows the last webhooks and reloads itself.</summary>
internal static class RecentWebhooksPage
{
    private const string Head = """
        <!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>grapnel listen</title>
        <style>
          body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark }
          td, th { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }
          code { white-space: pre-wrap; word-break: break-all }
        </style>
        <h1>Last webhooks</h1>
        """;

    public static Task WriteAsync(HttpResponse response, IReadOnlyList<ReceivedWebhook> webhooks)
    {
        response.ContentType = "text/html; charset=utf-8";
        // Bodies come from outside: should an escape be missed, nothing in them may run or load.
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        return response.WriteAsync(webhooks.Count == 0 ? Head + "<p>None so far.\n" : Head + Table(webhooks));
    }

    private static string Table(IReadOnlyList<ReceivedWebhook> webhooks)
    {
        var html = new StringBuilder("<table><tr><th>Time<th>Answer<th>Request<th>Event type<th>Attempt<th>Signature<th>Id<th>Body");
        foreach (var webhook in webhooks)
        {
            html.Append("\n<tr>");
            Cell(html, webhook.At.ToString("HH:mm:ss.fff"));
            Cell(html, webhook.Status?.ToString() ?? "hung up");
            Cell(html, $"{webhook.Method} {webhook.Path}");
            Cell(html, webhook.EventType ?? "");
            Cell(html, webhook.Attempt.ToString());
            Cell(html, WebhookLines.Describe(webhook.Signature));
            Cell(html, webhook.Id ?? "");
            Cell(html, webhook.Body.Length > 500 ? webhook.Body[..500] + "…" : webhook.Body);
        }
        return html.Append("\n</table>\n").ToString();
    }

    private static void Cell(StringBuilder html, string text) => html.Append("<td><code>").Append(WebUtility.HtmlEncode(text)).Append("</code>");
}
