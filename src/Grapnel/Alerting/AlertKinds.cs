namespace Grapnel.Alerting;

/// <summary>The kinds of alerts, which are also the labels of the metric, and the last word of the event type.</summary>
internal static class AlertKinds
{
    /// <summary>An endpoint fails, or was disabled for it. The subject is its id.</summary>
    public const string Endpoint = "endpoint";

    /// <summary>In keys of those that were disabled: telling that an endpoint fails is not telling that it was disabled.</summary>
    public const string DisabledEndpoint = Endpoint + "-disabled";

    /// <summary>Messages wait too long. No subject.</summary>
    public const string Backlog = "backlog";

    /// <summary>The disk of a node's data folder runs low. The subject is the node's name.</summary>
    public const string Disk = "disk";

    /// <summary>A node was given up. The subject is its name.</summary>
    public const string Node = "node";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Endpoint, Backlog, Disk, Node];

    /// <summary>A node that was given up, when nobody was told of it yet.</summary>
    public static Alert Lost(string node, DateTimeOffset now) => new(Key(Node, node), $"Node {node} was lost: it sent no heartbeat any more", now, now);

    /// <summary>The key of an alert.</summary>
    public static string Key(string kind, string subject = "") => $"{kind}:{subject}";

    /// <summary>The type of the operational event.</summary>
    public static string EventType(string kind) => "alert." + kind;

    /// <summary>What to do about it, for people.</summary>
    public static string Advice(string kind) => kind switch
    {
        Endpoint => "Its attempts, with what the receiver answered, are on its page in the console. Fix the receiver, or tell its owner. What was queued is sent when it "
            + "succeeds again; an endpoint that was disabled has to be enabled, and what it missed can be replayed.",
        Backlog => "See whether /health/ready is ok on every node, whether Redis and the database answer, and whether nodes are missing. If all attempts are in flight all the time, add a node "
            + "or raise Delivery:MaxConcurrency; an endpoint may also have a rate limit that is too small for its traffic.",
        Disk => "Make room, or give the data folder a larger disk. Retention:Messages says how long history is kept. When the disk is full, messages are refused.",
        _ => "If it did not stop on purpose, look at its log and start it again. The others have taken over its endpoints.",
    };
}
