"""Listen through WHEP with aiortc, a WebRTC written in Python by others."""

import asyncio

import httpx
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame

from tests.e2e.speech import RATE, Sound


async def listen(whep: str, ticket: str, seconds: float) -> Sound:
    """So many seconds of the room's mix, after the first that is not silent. Raises TimeoutError."""
    peer = RTCPeerConnection()
    arrived: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
    peer.on("track", arrived.set_result)
    peer.addTransceiver("audio", direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {ticket}"}) as http:
        answer = await http.post(
            whep, content=peer.localDescription.sdp, headers={"Content-Type": "application/sdp"}
        )
        answer.raise_for_status()
        await peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        try:
            async with asyncio.timeout(seconds + 20):
                return await record(await arrived, seconds)
        finally:
            await http.delete(str(answer.url.join(answer.headers["Location"])))
            await peer.close()


async def record(track: MediaStreamTrack, seconds: float) -> Sound:
    heard: list[Sound] = []
    while sum(map(len, heard)) < seconds * RATE:
        frame = await track.recv()
        assert isinstance(frame, AudioFrame)
        sound = mono(frame)
        if heard or np.abs(sound).max() > 0.01:
            heard.append(sound)
    return np.concatenate(heard)


def mono(frame: AudioFrame) -> Sound:
    channels = len(frame.layout.channels)
    samples = frame.to_ndarray().reshape(-1, channels).mean(axis=1)
    return np.asarray(samples / 32768, dtype=np.float64)
