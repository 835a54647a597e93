namespace Grapnel.Server.Commands.Listening;

/// <summary>Webhooks as lines of a terminal, in columns that stay where they are.</summary>
internal sealed class WebhookLines(Terminal terminal, TimeZoneInfo zone)
{
    private const int Indent = 10;
    private const int FixedColumns = 47;
    private const int MaxColumns = 32;
    private const int MaxIdLength = 32;

    private int _requestColumns = 14;
    private int _typeColumns = 15;

    /// <summary>One line of facts, and one with id and body, cut to fit.</summary>
    public string[] Format(ReceivedWebhook webhook)
    {
        var id = Terminal.Clean(webhook.Id ?? "no webhook-id", MaxIdLength);
        var body = Terminal.Clean(webhook.Body, Math.Max(0, terminal.Width - Indent - id.Length - 2));
        return [Facts(webhook), terminal.Dim($"{"",Indent}{id}  {body}")];
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
        var most = Math.Min(MaxColumns, (terminal.Width - FixedColumns) / 2);
        var time = TimeZoneInfo.ConvertTime(webhook.At, zone).ToString("HH:mm:ss");
        var request = Column($"{webhook.Method} {webhook.Path}", ref _requestColumns, most);
        var type = Column(webhook.EventType ?? "-", ref _typeColumns, most);
        return string.Join("  ",
            terminal.Dim(time), Status(webhook.Status), request, terminal.Accent(type), Attempt(webhook.Attempt), Signature(webhook.Signature));
    }

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
        var text = Describe(signature);
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
