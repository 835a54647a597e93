namespace Grapnel.Server.Commands.Listening;

/// <summary>Webhooks as lines of a terminal, in columns that stay where they are.</summary>
internal sealed class WebhookLines(Terminal terminal, TimeZoneInfo zone)
{
    private const int TimeColumns = 10;

    private int _pathColumns = 10;
    private int _typeColumns = 14;

    /// <summary>One line of facts, and one of body, cut to fit.</summary>
    public string[] Format(ReceivedWebhook webhook)
    {
        var facts = Facts(webhook) + terminal.Dim(Terminal.Clean(webhook.Id ?? "no id", 64));
        return webhook.Body.Length == 0 ? [facts] : [facts, new string(' ', TimeColumns) + terminal.Dim(Body(webhook, terminal.Width - TimeColumns))];
    }

    /// <summary>A word for a signature's worth.</summary>
    public static string Describe(SignatureState signature) => signature switch
    {
        SignatureState.Verified => "verified",
        SignatureState.NotVerified => "NOT verified",
        _ => "not checked",
    };

    private string Facts(ReceivedWebhook webhook)
    {
        var time = TimeZoneInfo.ConvertTime(webhook.At, zone).ToString("HH:mm:ss");
        var path = Column(webhook.Method + " " + webhook.Path, ref _pathColumns, 32);
        var type = Column(webhook.EventType ?? "-", ref _typeColumns, 32);
        var attempt = $"attempt {webhook.Attempt}".PadRight(11);
        return $"{terminal.Dim(time)}  {Status(webhook.Status)}  {path}  {terminal.Accent(type)}  "
            + $"{(webhook.Attempt > 1 ? terminal.Warning(attempt) : terminal.Dim(attempt))} {Signature(webhook.Signature)}  ";
    }

    private string Status(int? status) => status switch
    {
        null => terminal.Bad("---"),
        < 300 => terminal.Good($"{status}"),
        _ => terminal.Bad($"{status}"),
    };

    private string Signature(SignatureState signature)
    {
        var text = Describe(signature).PadRight(12);
        return signature switch
        {
            SignatureState.Verified => terminal.Good(text),
            SignatureState.NotVerified => terminal.Bad(text),
            _ => terminal.Dim(text),
        };
    }

    private static string Body(ReceivedWebhook webhook, int width) => Terminal.Clean(webhook.Body, width);

    // A column grows with what it has to hold, up to a limit, and never shrinks: lines below each other stay aligned.
    private static string Column(string text, ref int columns, int most)
    {
        var clean = Terminal.Clean(text, most);
        columns = Math.Max(columns, clean.Length);
        return clean.PadRight(columns);
    }
}
