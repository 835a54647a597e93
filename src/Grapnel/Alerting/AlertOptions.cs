namespace Grapnel.Alerting;

/// <summary>When the operator is told that something is the matter. Section <c>Alerts</c>.</summary>
public sealed class AlertOptions
{
    /// <summary>An endpoint that did nothing but fail for this long is one. Default 1 h.</summary>
    public TimeSpan EndpointFailingFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>A message that has waited this long for its first attempt, at an endpoint that is well, is one. Default 15 min.</summary>
    public TimeSpan BacklogAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>After which time an alert that goes on is told again. Default 24 h.</summary>
    public TimeSpan RepeatAfter { get; set; } = TimeSpan.FromHours(24);
}
