using System.Text;
using Grapnel.Registry;

namespace Grapnel.Server.Console.Events;

/// <summary>What the form of a recurring trigger has in its fields: both kinds of timing, of which one counts.</summary>
internal sealed class ScheduleDraft
{
    /// <summary>The event type; empty for none yet.</summary>
    public string EventType { get; set; } = "";

    /// <summary>Whether the random interval counts, rather than the cron expression.</summary>
    public bool IsRandom { get; set; }

    /// <summary>The cron expression.</summary>
    public string Cron { get; set; } = "0 9 * * 1";

    /// <summary>The shortest interval.</summary>
    public TimeSpan Min { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest interval.</summary>
    public TimeSpan Max { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>The payload; blank for the standard envelope.</summary>
    public string Payload { get; set; } = "";

    /// <summary>Whether it runs.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>What is there already.</summary>
    public static ScheduleDraft From(ScheduleInput input)
    {
        var draft = new ScheduleDraft { EventType = input.EventType ?? "", IsRandom = input.MinInterval is not null, Enabled = input.Enabled };
        draft.Cron = input.Cron ?? draft.Cron;
        (draft.Min, draft.Max) = (input.MinInterval ?? draft.Min, input.MaxInterval ?? draft.Max);
        draft.Payload = input.Payload is { } payload ? Encoding.UTF8.GetString(payload) : "";
        return draft;
    }

    /// <summary>What is to be.</summary>
    public ScheduleInput ToInput() => new()
    {
        EventType = EventType,
        Cron = IsRandom ? null : Cron.Trim(),
        MinInterval = IsRandom ? Min : null,
        MaxInterval = IsRandom ? Max : null,
        Payload = string.IsNullOrWhiteSpace(Payload) ? null : Encoding.UTF8.GetBytes(Payload),
        Enabled = Enabled,
    };
}
