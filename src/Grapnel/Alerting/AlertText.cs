using System.Globalization;
using System.Text;

namespace Grapnel.Alerting;

/// <summary>What a mail says of alerts: what, since when, and what to do.</summary>
internal static class AlertText
{
    /// <summary>The subject.</summary>
    public static string Subject(IReadOnlyList<Alert> alerts) => alerts switch
    {
        [{ OverAt: not null } alert] => $"[Grapnel] Over: {alert.Text}",
        [var alert] => $"[Grapnel] {alert.Text}",
        _ => $"[Grapnel] {Count(alerts)}",
    };

    /// <summary>The text.</summary>
    /// <param name="alerts">What it is about.</param>
    /// <param name="address">Where the console is, or null.</param>
    /// <param name="repeatAfter">When it is said again.</param>
    public static string Body(IReadOnlyList<Alert> alerts, string? address, TimeSpan repeatAfter)
    {
        var text = new StringBuilder();
        foreach (var alert in alerts)
        {
            text.AppendLine(alert.Text);
            text.AppendLine(CultureInfo.InvariantCulture, $"Since: {alert.Since:yyyy-MM-dd HH:mm:ss} UTC");
            text.AppendLine(alert.OverAt is { } over
                ? string.Create(CultureInfo.InvariantCulture, $"Over:  {over:yyyy-MM-dd HH:mm:ss} UTC. There is nothing left to do.")
                : $"What to do: {AlertKinds.Advice(alert.Kind)}");
            text.AppendLine();
        }
        if (address is not null)
            text.AppendLine(CultureInfo.InvariantCulture, $"Console: {address}");
        return text.AppendLine(CultureInfo.InvariantCulture, $"What goes on is told again after {repeatAfter.TotalHours:0.#} hours, and when it is over.").ToString();
    }

    private static string Count(IReadOnlyList<Alert> alerts)
    {
        var over = alerts.Count(alert => alert.OverAt is not null);
        return over == 0 ? $"{alerts.Count} alerts" : over == alerts.Count ? $"Over: {over} alerts" : $"{alerts.Count - over} alerts, and {over} that are over";
    }
}
