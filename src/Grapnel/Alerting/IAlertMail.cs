namespace Grapnel.Alerting;

/// <summary>Mails alerts to people.</summary>
public interface IAlertMail
{
    /// <summary>Whether there is anybody to mail to.</summary>
    bool IsOn { get; }

    /// <summary>Mails some alerts in one mail; fails when the server did not take it.</summary>
    Task SendAsync(IReadOnlyList<Alert> alerts, CancellationToken cancellationToken);
}

/// <summary>Where nobody set up mail.</summary>
internal sealed class NoAlertMail : IAlertMail
{
    public bool IsOn => false;

    public Task SendAsync(IReadOnlyList<Alert> alerts, CancellationToken cancellationToken) => throw new InvalidOperationException("There is nobody to mail to.");
}
