namespace Grapnel.Server.Commands.Listening;

/// <summary>Webhooks as lines of a terminal, in columns that stay where they are.</summary>
internal sealed class WebhookLines(Terminal terminal, TimeZoneInfo zone)
{
    private const int Indent = 10;
    private const int FixedColumns = 47; // time, status, attempt and signature, with the gaps
    private const int MaxColumns = 32;
    private const int MaxIdLength = 32;
    private const int IdTail = 6;

    private int _requestColumns = 15;
    private int _typeColumns = 15;

    /// <summary>One line of facts, and one with id and body, cut to fit.</summary>
    public string[] Format(ReceivedWebhook webhook)
    {
        var id = Terminal.Clean(webhook.Id ?? "no webhook-id", MaxIdLength);
        var body = Terminal.Clean(webhook.Body, Math.Max(0, terminal.Width - Indent - id.Length - 2));
        return [Facts(webhook), terminal.Dim($"{"",Indent}{id}  {body}")];
    }

    /// <summary>One line, with the end of the id, by which attempts of one message can be told.</summary>
    public string Brief(ReceivedWebhook webhook)
    {
        var id = Terminal.Clean(webhook.Id ?? "", MaxIdLength);
        return $"{Facts(webhook)}  {terminal.Dim("…" + id[^Math.Min(IdTail, id.Length)..])}";
    }

    /// <summary>A line that says what the webhooks below it come from.</summary>
    public string Announce(DateTimeOffset at, string eventType, string data) =>
        $"{terminal.Dim(Time(at))}  {terminal.Bold("event " + eventType)}  {terminal.Dim(data)}";

    /// <summary>A word for a signature's worth.</summary>
    public static string Describe(SignatureState signature) => signature switch
    {
        SignatureState.Verified => "verified",
        SignatureState.NotVerified => "NOT verified",
        _ => "not checked",
    };

    private string Facts(ReceivedWebhook webhook)
    {
        var most = Math.Min(MaxColumns, (terminal.Width - FixedColumns) / 2);
        var request = Column($"{webhook.Method} {webhook.Path}", ref _requestColumns, most);
        var type = Column(webhook.EventType ?? "-", ref _typeColumns, most);
        return string.Join("  ",
            terminal.Dim(Time(webhook.At)), Status(webhook.Status), request, terminal.Accent(type), Attempt(webhook.Attempt), Signature(webhook.Signature));
    }

    private string Time(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, zone).ToString("HH:mm:ss");

    private string Status(int? status) => status switch
    {
        null => terminal.Bad("---"),
        < 300 => terminal.Good($"{status}"),
        _ => terminal.Bad($"{status}"),
    };

    private string Attempt(int attempt)
    {
        var text = $"attempt {attempt}".PadRight(10);
        return attempt > 1 ? terminal.Warning(text) : terminal.Dim(text);
    }

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

    // A column grows with what it has to hold, up to a limit, and does not shrink: lines below each other stay aligned.
    private static string Column(string text, ref int columns, int most)
    {
        var clean = Terminal.Clean(text, most);
        columns = Math.Min(most, Math.Max(columns, clean.Length));
        return clean.PadRight(columns);
    }
}
