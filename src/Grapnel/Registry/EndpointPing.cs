using Grapnel.Publishing;
using Grapnel.Sending.Formats;
using Microsoft.Extensions.Logging;

namespace Grapnel.Registry;

/// <summary>Greets new endpoints in GitHub's style as GitHub does: the first message that is accepted for one is a ping.</summary>
internal sealed partial class EndpointPing(Publisher publisher, ILogger<EndpointPing> logger)
{
    /// <summary>Has the ping accepted, where there is to be one. The endpoint is there in any case: what goes wrong is logged.</summary>
    public async Task SendAsync(Endpoint endpoint)
    {
        if (!endpoint.Enabled || !GithubStyle.Is(endpoint.Format))
            return;
        try
        {
            var request = new PublishRequest
            {
                Application = endpoint.ApplicationId.ToString(), EventType = GithubStyle.Ping, Payload = GithubStyle.PingOf(endpoint), Only = endpoint,
            };
            if ((await publisher.PublishAsync(request, CancellationToken.None)).Status is var status and not PublishStatus.Accepted)
                LogRefused(endpoint.Id, status);
        }
        catch (Exception e)
        {
            LogFailed(e, endpoint.Id);
        }
    }

    [LoggerMessage(EventId = 312, Level = LogLevel.Warning, Message = "Endpoint {Endpoint} gets no ping: {Status}")]
    private partial void LogRefused(Id<Endpoint> endpoint, PublishStatus status);

    [LoggerMessage(EventId = 313, Level = LogLevel.Warning, Message = "Endpoint {Endpoint} gets no ping")]
    private partial void LogFailed(Exception exception, Id<Endpoint> endpoint);
}
